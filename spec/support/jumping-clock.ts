import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Something that is to be done. */
interface Appointment {
  readonly at: number;
  run(): void;
}

/**
 * A clock that jumps, as that of a process whose loop was blocked or whose machine slept: what became due meanwhile is
 * done at the end of the jump, and not at its own time.
 */
export class JumpingClock implements SchedulerLike {
  private time = 0;
  private appointments: Appointment[] = [];

  now(): number {
    return this.time;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const subscription = new Subscription();
    const appointment = {
      at: this.time + delay,
      run: () => {
        if (!subscription.closed) work.call(subscription as SchedulerAction<T>, state);
      },
    };
    this.appointments.push(appointment);
    return subscription;
  }

  jump(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.appointments.filter(({ at }) => at <= this.time);
    this.appointments = this.appointments.filter(({ at }) => at > this.time);
    for (const appointment of due) appointment.run();
  }
}
