/** What a screen reader is told of new findings, in both languages at once. */

import { fill, type Language } from '../lib/i18n.svelte';
import type { FindingNote, GradientCheck, Words } from '../lib/protocol';
import { doctorEn } from '../locales/doctor.en';
import { doctorZh } from '../locales/doctor.zh';

const TEXTS = { en: doctorEn, zh: doctorZh };

/** Findings of `after` that `before` hasn't: of another check or another layer. */
export function newOnes(before: readonly FindingNote[], after: readonly FindingNote[]): FindingNote[] {
  const known = new Set(before.map(keyOf));
  return after.filter((finding) => !known.has(keyOf(finding)));
}

/** What tells one finding from every other. */
export function keyOf(finding: FindingNote): string {
  return `${finding.check}/${finding.layer ?? ''}/${finding.control ?? ''}`;
}

/** The first of some findings and how many more there are; null for none. */
export function announcement(findings: readonly FindingNote[]): Words | null {
  const [first] = findings;
  if (first === undefined) return null;
  const count = findings.length - 1;
  const say = (language: Language): string => {
    const key = count === 0 ? 'doctor.spoken' : 'doctor.spoken.many';
    return fill(TEXTS[language][key], { title: first.title[language], count }, language);
  };
  return { en: say('en'), zh: say('zh') };
}

/** What a comparison of all gradients came to. */
export function verdict(checks: readonly GradientCheck[]): Words {
  const count = new Set(checks.filter(({ ok }) => !ok).map(({ layer }) => layer)).size;
  const key = count === 0 ? 'gradients.spoken.right' : 'gradients.spoken.wrong';
  return { en: fill(doctorEn[key], { count }, 'en'), zh: fill(doctorZh[key], { count }, 'zh') };
}
