import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect } from '@jest/globals';
import type { FlowGate } from '../../lib/flow/flow-gate.ts';
import { Relay } from '../../lib/flow/relay.ts';

/** Delivers every value in an emission of the gate, as a connection does. */
export function underGate<T>(gate: FlowGate): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe(new Relay<T, T>(subscriber, (value, receiver) => gate.deliver(receiver, value))),
    );
}

/** A scheduler for marbles. */
export function marbles(): TestScheduler {
  return new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
}

/** Names of the two states of a gate in marbles of its `paused$`. */
export const PAUSED = { p: true, r: false };
