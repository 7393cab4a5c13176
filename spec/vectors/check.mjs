// A runner without a card, to begin one of your own with: takes every frame here apart by the layouts its file gives, and compares
// with what the vector says is in it. Needs nothing but Node: node spec/vectors/check.mjs
import { readdirSync, readFileSync } from 'node:fs';

const here = new URL('.', import.meta.url);
let frames = 0;
let values = 0;
const wrong = [];

/** The 32-bit words of a frame: hexadecimal, in the order of memory, little-endian. */
function wordsOf(bytes) {
  return bytes.split(' ').map((word) => Number.parseInt(word.match(/../g).reverse().join(''), 16));
}

function compare(id, what, found, said) {
  values += 1;
  if (found !== said) wrong.push(`${id}: ${what} is ${found}, and the vector says ${said}`);
}

/** Fields: so many bits of a word. */
function checkFields(id, words, layout, fields) {
  for (const [name, word, low, high] of layout.fields) {
    if (word >= words.length) continue;
    const found = Math.floor(words[word] / 2 ** low) % 2 ** (high - low + 1);
    compare(id, name, found, fields[name]);
  }
}

/** Rows of a list and elements of a scatter-gather list follow the fields, one behind the other. */
function checkLists(id, words, layout, { list = [], elements = [] }) {
  let at = layout.words;
  for (const word of list.flat()) compare(id, `word ${at}`, words[at++], word);
  for (const { flags, count, words: rest } of elements) {
    compare(id, `flags in word ${at}`, Math.floor(words[at] / 2 ** 24), flags);
    compare(id, `count in word ${at}`, words[at++] % 2 ** 24, count);
    for (const word of rest) compare(id, `word ${at}`, words[at++], word);
  }
}

function check(id, frame, layout, good) {
  const words = wordsOf(frame.bytes);
  frames += 1;
  if (good) compare(id, 'the size in word 0', Math.floor(words[0] / 2 ** 16), words.length);
  if (layout === undefined || Object.keys(frame.fields).length === 0) return;
  checkFields(id, words, layout, frame.fields);
  if (good) checkLists(id, words, layout, frame);
}

const names = [...readdirSync(here), ...readdirSync(new URL('scenarios/', here)).map((name) => `scenarios/${name}`)];
for (const name of names.filter((path) => path.endsWith('.json'))) {
  const file = JSON.parse(readFileSync(new URL(name, here), 'utf8'));
  for (const vector of file.vectors ?? []) {
    const { answer, judgement } = vector.expect;
    check(vector.id, vector, file.layouts[vector.message]?.[vector.kind], answer === 'legal' || judgement === 'good');
  }
  const steps = [...Object.values(file.setups).flat(), ...(file.scenarios ?? []).flatMap((scenario) => scenario.steps)];
  for (const step of steps) check(`${name}: ${step.title}`, step, undefined, true);
}
for (const line of wrong) console.error(line);
console.log(`${frames} frames, ${values} values compared, ${wrong.length} wrong`);
process.exitCode = wrong.length > 0 ? 1 : 0;
