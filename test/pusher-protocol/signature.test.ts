import { expect, it } from 'vitest';
import {
  authFor,
  bodyMd5,
  channelText,
  isAuthorized,
  isSameSignature,
  requestText,
  sign,
  userText,
} from '../../src/pusher-protocol/signature.js';

// The worked examples of "Authentication and authorization signatures" and of the HTTP API reference in the Channels
// documentation.
const secret = '7ad3773142a6692b25b8';

it('a private subscription is signed as in the documentation', () => {
  expect(sign(channelText('1234.1234', 'private-foobar'), secret)).toBe(
    '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
  );
});

it('a presence subscription is signed as in the documentation', () => {
  const data = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}';
  expect(sign(channelText('1234.1234', 'presence-foobar', data), secret)).toBe(
    '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
  );
});

it('what a client is answered is signed as in the documentation, with the key before it', () => {
  const keys = { pubKey: '278d425bdf160c739803', secretKey: secret };
  expect(authFor(channelText('1234.1234', 'private-foobar'), keys)).toBe(
    '278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
  );
  const data = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}';
  const auth = '278d425bdf160c739803:31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80';
  expect(authFor(channelText('1234.1234', 'presence-foobar', data), keys)).toBe(auth);
  expect(isAuthorized(auth, channelText('1234.1234', 'presence-foobar', data), keys)).toBe(true);
});

it('a private subscription may be signed with its data', () => {
  const keys = { pubKey: '278d425bdf160c739803', secretKey: secret };
  const data = '{"user_id":"10","user_info":{"name":"Mr. Pusher"}}';
  const auth = '278d425bdf160c739803:300c65e60159f3a3872e75024f217d79aa7a25a81e9e92eb21c4340d51506b60';
  expect(authFor(channelText('1234.1234', 'private-foobar', data), keys)).toBe(auth);
  expect(isAuthorized(auth, channelText('1234.1234', 'private-foobar', data.replace('10', '11')), keys)).toBe(false);
});

it('a sign-in signs the socket id and the user data', () => {
  const text = userText('1234.1234', '{"id":"12345"}');
  expect(text).toBe('1234.1234::user::{"id":"12345"}');
  expect(sign(text, secret)).toBe('4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba');
});

it('a request is signed as in the documentation', () => {
  const body = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}';
  expect(bodyMd5(body)).toBe('ec365a775a4cd0599faeb73354201b6f');
  const text = requestText('post', '/apps/3/events', [
    ['body_md5', 'ec365a775a4cd0599faeb73354201b6f'],
    ['auth_version', '1.0'],
    ['auth_key', '278d425bdf160c739803'],
    ['auth_timestamp', '1353088179'],
    ['auth_signature', 'left out'],
  ]);
  expect(sign(text, secret)).toBe('da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c');
});

it('a request without a body may be signed with the MD5 of none', () => {
  const empty = 'd41d8cd98f00b204e9800998ecf8427e';
  expect(bodyMd5('')).toBe(empty);
  const text = requestText('GET', '/some/obscure/api', [
    ['auth_key', 'key'],
    ['auth_timestamp', '1000'],
    ['auth_version', '1.0'],
    ['body_md5', empty],
    ['foo', 'bar'],
  ]);
  expect(sign(text, 'secret')).toBe('5c49f04a95eedc9028b1e0e8de7c2c7ad63504a0e3b5c145d2accaef6c14dbac');
});

it('signatures are compared whole', () => {
  expect([
    isSameSignature('abc', 'abc'),
    isSameSignature('abc', 'abd'),
    isSameSignature('ab', 'abc'),
    isSameSignature('', ''),
  ]).toEqual([true, false, false, true]);
});
