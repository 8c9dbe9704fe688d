/** What a report's page makes of an answer: chips, pictures, labels that fit, columns that stay. */
import { describe, expect, it } from 'vitest';
import { headPlaces, offsetsOf } from '../reports/frozen';
import { bandBegin, wrapped } from '../reports/labels';
import { chipsOf, type Report } from '../reports/model';
import { picturesOf, roundUp } from '../reports/series';

const column = (name: string, kind: string, leads = false) => ({ name, title: name, title_en: name, kind, drill: leads ? { report: 'ticket-detail', query: {} } : null });
const reportOf = (columns: Report['columns'], rows: Report['rows']): Report => ({ name: '', title: '', title_en: '', branch: '', first: '', last: '', truncated: false, columns, rows });
const waits = reportOf(
  [column('branch', 'code'), column('period', 'text'), column('service', 'code'), column('tier', 'code'), column('taken', 'count', true), column('late', 'share'), column('worst', 'text')],
  [['示范', '2026-03', '个人', '金卡', 12, 0.125, 'A1'], ['示范', '2026-03', '个人', '普卡', 0, null, 'A2'], ['示范', '2026-03', '对公', '金卡', 7, 0.5, 'B1']],
);

describe('a chip', () => {
  const conditions = [{ name: 'teller', title: '柜员', text: '李强 1002' }, { name: 'called', title: '已叫号', text: '是' }];
  it('says what was asked as people call it', () => {
    expect(chipsOf({ called: 'true', teller: '1002' }, conditions)).toEqual([{ name: 'called', text: '已叫号: 是' }, { name: 'teller', text: '柜员: 李强 1002' }]);
  });
  it('waits for the words, and where the box refused says what was asked, so that it can be taken away', () => {
    expect(chipsOf({ band: '09:00' }, [])).toEqual([]);
    expect(chipsOf({ band: '09:15' }, null)).toEqual([{ name: 'band', text: 'band: 09:15' }]);
  });
});

describe('a picture', () => {
  it('has labels that tell its rows apart, by as few columns as do it', () => {
    const [picture] = picturesOf(waits, { kind: 'column', title: 'w', x: 'service', series: ['taken', 'late', 'unknown'] });
    expect(picture?.labels).toEqual([['个人', '金卡'], ['个人', '普卡'], ['对公', '金卡']]);
    expect(picture?.lines.map(({ values }) => values)).toEqual([[12, 0, 7], [12.5, null, 50]]);
  });
  it('names a teller beside the number, and leaves out what the number says already', () => {
    const tellers = reportOf(
      [column('teller', 'text'), column('teller_name', 'text'), column('counter', 'code'), column('service', 'code'), column('share', 'share')],
      [['1001', '王芳', '1', '个人', 0.5], ['1001', '王芳', '1', '对公', 0.25], ['1002', null, '2', '个人', 1]],
    );
    const [picture] = picturesOf(tellers, { kind: 'column', title: '', x: 'teller', series: ['share'] });
    expect(picture?.labels).toEqual([['1001 王芳', '个人'], ['1001 王芳', '对公'], ['1002', '个人']]);
    expect(picture?.top).toBe(100);
  });
  it('is one for each kind of day, to one scale', () => {
    const traffic = reportOf(
      [column('kind', 'code'), column('band', 'text'), column('taken', 'ratio')],
      [['工作日', '09:00–09:30', 4.236], ['工作日', '09:30–10:00', 13.1], ['周末', '09:00–09:30', 1], ['周末', '09:30–10:00', 2]],
    );
    const pictures = picturesOf(traffic, { kind: 'line', title: '客流', x: 'band', series: ['taken'] });
    expect(pictures.map(({ title, labels, top }) => [title, labels.length, top])).toEqual([['客流 · 工作日', 2, 15], ['客流 · 周末', 2, 15]]);
    expect(pictures[0]?.lines[0]?.values).toEqual([4.24, 13.1]);
  });
  it('is not drawn of one point, or of nothing but noughts', () => {
    const chart = { kind: 'column', title: '', x: 'service', series: ['taken'] };
    expect(picturesOf({ ...waits, rows: waits.rows.slice(1, 2) }, chart)).toEqual([]);
    expect(picturesOf({ ...waits, rows: waits.rows.map((row) => row.map((value) => (typeof value === 'number' ? 0 : value))) }, chart)).toEqual([]);
  });
  it('ends at a round number', () => {
    expect([0, 0.3, 1, 4.2, 14.2, 137, 1000].map(roundUp)).toEqual([1, 0.3, 1, 4.5, 15, 150, 1000]);
  });
});

describe('a label', () => {
  it('takes two lines and then is cut, Chinese by the character and English by the word', () => {
    expect(wrapped('理财咨询', 12)).toBe('理财咨询');
    expect(wrapped('个人综合业务与社会保障卡', 12)).toBe('个人综合业务\n与社会保障卡');
    expect(wrapped('个人综合业务与社会保障卡挂失补办专用队列', 12)).toBe('个人综合业务\n与社会保障…');
    expect(wrapped('Personal banking and social security', 16)).toBe('Personal banking\nand social…');
    expect(wrapped('Alexandrina Featherstonehaugh', 14)).toBe('Alexandrina\nFeatherstoneh…');
  });
  it('of a half hour is its beginning', () => {
    expect([bandBegin('08:30–09:00'), bandBegin('对公业务')]).toEqual(['08:30', '对公业务']);
  });
});

describe('a wide table', () => {
  it('keeps what its rows are about, up to the first number that leads somewhere', () => {
    expect(headPlaces(waits)).toEqual([2, 3]);
  });
  it('keeps no more than leaves room for the rest', () => {
    expect([...offsetsOf([2, 3, 4], [80, 70, 260, 60, 200], 1000)]).toEqual([[2, 0], [3, 260]]);
    expect(offsetsOf([0], [600], 1000).size).toBe(0);
  });
});
