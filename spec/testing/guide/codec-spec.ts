import { it } from '@jest/globals';
import { hex, pack, utf8 } from '../../../lib/index.ts';
import { verifyCodec } from '../../../lib/testing/index.ts';

it('should speak the packets of the other side', () => {
  verifyCodec(
    pack({ flag: 0x169, maxSize: 16 }),
    [
      { wire: hex('01 00 40 5a 61'), messages: [utf8('a')] },
      { wire: hex('02 00 40 5a 62 63'), messages: [utf8('bc')] },
    ],
    { rejects: [{ wire: hex('11 00 40 5a'), error: 'ERR_FRAME_LENGTH' }] },
  );
});
