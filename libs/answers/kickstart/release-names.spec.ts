import { describe, expect, it } from '@jest/globals';
import { checkKickstart } from './check.js';
import { guessRelease, readRelease, releaseRemedy } from './release-names.js';

describe('a release', () => {
  it.each([
    ['F43', 'F43'],
    ['fedora-44', 'F44'],
    ['rhel 9.4', 'RHEL9'],
    ['Alma10', 'RHEL10'],
    ['rocky-8', 'RHEL8'],
    ['F40', null],
    ['RHEL7', null],
    ['24.04', null],
  ])('is read from %s', (name, release) => {
    expect(readRelease(name)).toBe(release);
  });

  it('that is not known names the nearest', () => {
    expect(releaseRemedy('F4')).toMatch(/did you mean F4\d\?/);
  });

  it.each([
    ['#version=RHEL9\ntext', 'RHEL9'],
    ['# Fedora 42, plain', 'F42'],
    ['# for AlmaLinux 10', 'RHEL10'],
    ['# Rocky Linux 9.3 on vda', 'RHEL9'],
    ['text\nlang en_US', null],
    ['# 43 machines', null],
  ])('is told by the file itself: %j', (text, release) => {
    expect(guessRelease(text)).toBe(release);
  });

  it('that was given counts more than what the file says', () => {
    const text = '#version=RHEL8\ninstall\nlang en_US\n';
    expect(checkKickstart(text)).toMatchObject({
      release: 'RHEL8',
      faults: [],
      notes: [{ path: 'install' }],
    });
    expect(checkKickstart(text, 'F43').faults).toMatchObject([{ path: 'install', line: 2 }]);
  });

  it('that nobody names leaves what any release knows', () => {
    expect(checkKickstart('auth --enableshadow\nrdp\ntimesource --ntp-disable\n').faults).toEqual([]);
    expect(checkKickstart('timesorce\n').faults).toMatchObject([
      { path: 'timesorce', remedy: 'did you mean timesource?' },
    ]);
  });
});
