// Names that no key and no owner may have.
'use strict';

// As they stand in a path.
const badSegments = [
  '%00',
  'a%0Ab',
  '%1F',
  '%7F',
  '%C2%80',
  '%FF',
  '%C3%28',
  '%C0%AF',
  '%ED%A0%80',
  '%F4%90%80%80',
  '%zz',
  '%4',
  '%',
  'k'.repeat(513),
  '%E2%82%AC'.repeat(171),
].map((raw) => ({ raw }));

// As they stand in JSON, and whether a JSON schema can tell.
const badTexts = [
  ['""', true],
  ['5', true],
  ['null', true],
  ['["a"]', true],
  [`"${'k'.repeat(513)}"`, true],
  [`"${'€'.repeat(171)}"`, false],
  ['"\\u0000"', false],
  ['"a\\nb"', false],
  ['"\\u0085"', false],
  ['"\\ud800"', false],
];

module.exports = { badSegments, badTexts };
