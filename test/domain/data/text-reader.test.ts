import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TextReader } from '../../../domain/data/text-reader.ts';

describe('the reader of texts of a column', () => {
  it('gives each text as it is, however often and in whatever order texts come', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('', 'a', 'b', '\0', 'a\0', 'Zürich', '\uFEFFx', 'x'.repeat(24), 'x'.repeat(25))), { maxLength: 300 }), (texts) => {
      const reader = new TextReader();
      for (const text of [...texts, ...texts]) {
        const bytes = Buffer.from(`<${text}>`);
        const expected = bytes.toString('utf8', 1, bytes.length - 1);
        assert.equal(reader.read(bytes, 1, bytes.length - 2), expected);
      }
    }));
  });
});
