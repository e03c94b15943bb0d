// The bytes of an encoded value. Every value starts with a tag; numbers are little-endian; `n` is a varint.
//
//   0x00 … 0x3f   the integer 0 … 63
//   0x40 … 0x5f   a string of 0 … 31 Latin-1 characters, then those
//   0x60 …        the tags below
//
// A varint has seven bits a byte, the lowest first, and at most 53 bits.
//
// Objects, and the ArrayBuffer that came with a view (VIEW_ALL), are numbered from 0 in the order in which they begin;
// REF n stands for object n. The first NUMBERED_KEYS different keys of a message are numbered, too: objects of one
// shape name theirs once, and dictionaries, whose keys do not come again, cost no search. A key is
//   0             no more keys
//   1 n bytes     a new key in Latin-1, n bytes
//   2 n bytes     a new key in UTF-16, n bytes
//   3 + k         key k
//
// Containers that stand MAX_DEPTH deep are only announced (LATER_…) where they stand. Their contents follow after the
// whole value, in the order of announcement, and may announce more. So neither side needs a deep stack.

export const SMALL_INTEGERS = 0x40
export const SHORT_STRING = 0x40
export const SHORT_STRING_LIMIT = 32

export const NULL = 0x60
export const UNDEFINED = 0x61
export const TRUE = 0x62
export const FALSE = 0x63
export const INT8 = 0x64
export const INT16 = 0x65
export const INT32 = 0x66
export const DOUBLE = 0x67
/** A bigint in eight bytes. */
export const BIGINT64 = 0x68
/** n bytes, the highest first, of a bigint's absolute value. */
export const BIGINT = 0x69
export const NEGATIVE_BIGINT = 0x6a
/** n bytes. */
export const LATIN1 = 0x6b
export const UTF16 = 0x6c
/** (key value)… 0 */
export const OBJECT = 0x6d
/** n values. */
export const ARRAY = 0x6e
/** A length n, then values and HOLES until END. */
export const HOLEY_ARRAY = 0x6f
/** n numbers of the width that the tag names. */
export const INT8_ARRAY = 0x70
export const INT16_ARRAY = 0x71
export const INT32_ARRAY = 0x72
export const DOUBLE_ARRAY = 0x73
/** (key value)… END */
export const MAP = 0x74
/** value… END */
export const SET = 0x75
/** Milliseconds as a double. */
export const DATE = 0x76
/** Two values: source and flags. */
export const REGEXP = 0x77
/** One byte: which of ERROR_NAMES; then (key value)… 0 */
export const ERROR = 0x78
/** A primitive value, which is wrapped in an object. */
export const BOXED = 0x79
/** n bytes. */
export const ARRAY_BUFFER = 0x7a
/** A view: one byte, its code of types.ts; then n bytes. VIEW_ALL gives its ArrayBuffer a number, VIEW_OWN does not. */
export const VIEW_ALL = 0x7b
export const VIEW_OWN = 0x7c
/** Its code, byte offset n, byte length n, then the ArrayBuffer as a value. */
export const VIEW_PART = 0x7d
export const REF = 0x7e
/** n absent elements of an array. */
export const HOLES = 0x7f
export const LATER_OBJECT = 0x80
export const LATER_ARRAY = 0x81
export const LATER_MAP = 0x82
export const LATER_SET = 0x83
export const END = 0x84

export const KEY_END = 0
export const KEY_LATIN1 = 1
export const KEY_UTF16 = 2
export const KEY_KNOWN = 3

export const NUMBERED_KEYS = 64

export const MAX_DEPTH = 256

export const ERROR_NAMES = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
] as const
