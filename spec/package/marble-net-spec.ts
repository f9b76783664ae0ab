import { pack, hex } from 'hpsocket-rx';
import { marbleNet } from 'hpsocket-rx/testing';
import { expect, it } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';

it('should send every packet back, and close when the peer does', () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const net = marbleNet(helpers);
    const server = net.server({ codec: pack() });
    server.receive$.subscribe(({ connection, data }) => connection.send(data));

    const peer = net.peer('-a--b-|', { a: hex('01 00 00'), b: hex('00 61') });
    net.expectSent(peer).toBe('----x-|', { x: hex('01 00 00 00 61') });
    net.expectClose(server).toBe('------c', { c: 'peer' });
  });
});
