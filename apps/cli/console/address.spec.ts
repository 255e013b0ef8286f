import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../exit-codes.js';
import { consoleAddress, isReadable } from './address.js';

describe('the address of the console', () => {
  it.each([
    ['http://127.0.0.1:4001', 'http://127.0.0.1:4001'],
    ['https://console.lan/', 'https://console.lan'],
    ['http://console.lan/suite//', 'http://console.lan/suite'],
    ['HTTP://[::1]:4001', 'http://[::1]:4001'],
  ])('%s is %s', (text, address) => {
    expect(consoleAddress(text)).toBe(address);
  });

  it.each([
    '',
    'console.lan',
    'ftp://console.lan',
    'http://',
    'http://user:canary@console.lan',
    'http://console.lan/?a=1',
    'http://console.lan/#a',
  ])('%j is refused, without showing a password', (text) => {
    let error: unknown;
    try {
      consoleAddress(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(CommandError);
    expect((error as CommandError).exitCode).toBe(2);
    expect((error as CommandError).message).not.toContain('canary');
  });

  it.each([
    ['http://127.0.0.1:4001', false],
    ['http://127.8.9.1', false],
    ['http://localhost:4001', false],
    ['http://[::1]:4001', false],
    ['https://console.lan', false],
    ['http://console.lan', true],
    ['http://192.0.2.1', true],
    ['http://localhost.evil.example', true],
    ['http://127.0.0.1.evil.example', true],
  ])('%s: what is sent can be read on the way: %s', (address, readable) => {
    expect(isReadable(address)).toBe(readable);
  });
});
