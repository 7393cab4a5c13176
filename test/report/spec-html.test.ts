/** The pages of `inic spec --html`: all there, every link resolves, no script but the search. */
import { describe, expect, it } from 'vitest';
import { specSite } from '../../src/report/spec-html.ts';
import { specJson } from '../../src/report/spec-json.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { allClauses } from '../../src/spec/clauses.ts';
import { findByName } from '../../src/spec/find.ts';

const site = specSite('inic 0');
const pages = [...site].filter(([file]) => file.endsWith('.html'));
const idsOf = (html: string): string[] => [...html.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]);

describe('the HTML reference', () => {
  it('has a page for each class, message and machine', () => {
    for (const { name, messages } of CATALOGUE.classes) {
      expect(site.has(`class-${name}.html`)).toBe(true);
      for (const message of messages)
        expect(site.get(`${message.name}.html`)).toContain(`<h1>${message.name}</h1>`);
    }
    for (const { name } of CATALOGUE.machines) expect(site.get(`machine-${name}.html`)).toContain('<svg');
    expect(site.get('rules.html')).toContain(`id="${CATALOGUE.rules[0].id}"`);
  });

  it.each(pages)('%s: every link leads somewhere', (file, html) => {
    const links = [...html.matchAll(/\bhref="([^"]+)"/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(2);
    for (const href of links) {
      const [path, anchor] = href.split('#');
      const target = site.get(path === '' ? file : path!);
      expect(target, `${file} links to ${href}`).toBeDefined();
      if (anchor !== undefined) expect(idsOf(target!), `${file} links to ${href}`).toContain(anchor);
    }
  });

  it.each(pages)(
    '%s is well formed, without script but the search, or anything from elsewhere',
    (_file, html) => {
      expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="search.js">']);
      expect(html).not.toMatch(/https?:|undefined|NaN/);
      const ids = idsOf(html);
      expect(new Set(ids).size).toBe(ids.length);
      const open: string[] = [];
      for (const [, end, tag, own] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
        if (own === '/' || tag === 'meta' || tag === 'link') continue;
        if (end === '') open.push(tag!);
        else expect(open.pop()).toBe(tag);
      }
      expect(open).toEqual([]);
    },
  );

  it('can be reached from the index, every page', () => {
    const seen = new Set(['index.html']);
    for (const file of seen) {
      for (const match of site.get(file)!.matchAll(/\b(?:href|src)="([^"#]+)/g)) seen.add(match[1]);
    }
    expect([...site.keys()].filter((file) => !seen.has(file))).toEqual([]);
  });

  it('draws narrow fields by the letters that they have in text, and cuts none', () => {
    const html = site.get('SocketSend.html')!;
    for (const [letter, field] of Object.entries({ a: 'replyMode', b: 'record', c: 'urgent', d: 'more' })) {
      expect(html).toMatch(new RegExp(`<td [^>]*: ${field}">${letter}</td>`));
      expect(html).toContain(`<code>${field}</code> (${letter})`);
    }
    expect(site.get('style.css')).not.toContain('ellipsis');
  });

  it('has all that has a name in its search, where it leads to', () => {
    const script = site.get('search.js')!;
    const index = JSON.parse(/const INDEX = (\[\n[\s\S]*?),\n\];/.exec(script)![1] + ']') as string[][];
    const names = index.map(([name]) => name);
    const wanted = [
      'SocketBind',
      'ReceiveRecord',
      'TcpState',
      'Listening',
      'H-01',
      'CARD-5.1',
      'EPIPE',
      'TCP_CORK',
      'backlog',
    ];
    for (const name of wanted) expect(names).toContain(name);
    for (const [name, , href] of index) {
      const [path, anchor] = href.split('#');
      expect(site.has(path), `${name} leads to ${href}`).toBe(true);
      if (anchor !== undefined) expect(idsOf(site.get(path)!), `${name} leads to ${href}`).toContain(anchor);
    }
  });

  it('is for light and for dark', () => expect(site.get('style.css')).toContain('color-scheme: light dark'));
});

describe('specJson', () => {
  it('is the catalogue under a head', () => {
    const { format, formatVersion, product, ...rest } = JSON.parse(specJson('inic 0', undefined));
    expect({ format, formatVersion, product }).toEqual({
      format: 'inic-spec',
      formatVersion: 1,
      product: 'inic 0',
    });
    expect(rest).toEqual(JSON.parse(JSON.stringify({ ...CATALOGUE, clauses: allClauses() })));
  });

  it('says of a message what follows from the machines too', () => {
    const { found } = JSON.parse(specJson('inic 0', findByName('socketlisten')));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'message', entry: { name: 'SocketListen', function: 0x87 } });
    expect(found[0].legalStates).toContainEqual({
      machine: 'socket',
      states: ['Open', 'Bound', 'Listening', 'Failed'],
    });
  });
});
