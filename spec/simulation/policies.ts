import type { SchedulerLike } from 'rxjs';
import { type SendPolicy, sendPolicy } from '../../lib/send/send-policy.ts';

export type SendPolicyName = 'pack' | 'safe' | 'direct' | 'loop';

/** A send policy by its name; `loop` writes when a scheduler says so, as `loopScheduler` does in real time. */
export function loopLike(name: SendPolicyName, scheduler: SchedulerLike): SendPolicy {
  if (name === 'loop') return sendPolicy.pack({ scheduler });
  return sendPolicy[name]();
}
