// The playground in a browser: node check.mjs ADDRESS PICTURES, beside node_modules with playwright-core and axe-core.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [address, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const ways = {
  light: { viewport: { width: 1000, height: 1000 } },
  dark: { viewport: { width: 1000, height: 1000 }, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => /^(data|blob):/.test(request.url()) || request.url().startsWith(address) || complaints.push(`a request to ${request.url()}`));
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById('about').textContent.includes('version'));
  return { context, page, complaints };
}

for (const [way, options] of Object.entries(ways)) {
  // axe is put into the page, which the page's own policy forbids; below it is opened under that.
  const { context, page, complaints } = await open({ ...options, bypassCSP: true });
  await page.focus('#text');
  await page.keyboard.type('this is such an amazing movie! It\'s "great"');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('#result:not([hidden])');
  assert.match(await page.textContent('#tokens'), /^\d+ tokens read/);
  assert.match(await page.textContent('#labels tbody'), /\d+\.\d\d %/);

  await page.setInputFiles('#file', { name: 'texts.csv', mimeType: 'text/csv', buffer: Buffer.from('id,text\n1,"good, ""very"" good"\n2,awful\n3,"two\nlines"\n') });
  await page.click('#classify-file');
  await page.waitForSelector('#download:not([hidden])');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  const lines = fs.readFileSync(await download.path(), 'utf8');
  assert.match(lines, /^text,answer,tokens,tokens_cut,p\(.*\n"good, ""very"" good",.*\nawful,.*\n"two\nlines",.*\n$/);

  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document));
  assert.deepEqual(violations.map(violation => `${violation.id}: ${violation.nodes.map(node => node.html).join(' ')}`), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), 'the page scrolls sideways');
  await page.screenshot({ path: path.join(pictures, `${way}.png`), fullPage: true });
  assert.deepEqual(complaints, []);
  await context.close();
  console.log(`${way}: good`);
}

const { context, page, complaints } = await open({});
await page.fill('#text', 'fine');
for (let i = 0; i < 20 && !(await page.evaluate(() => document.activeElement.id === 'classify')); i++) {
  await page.keyboard.press('Tab');
}

await page.keyboard.press('Enter');
await page.waitForSelector('#result:not([hidden])');
assert.deepEqual(complaints, []);
await context.close();
await browser.close();
console.log('under its own policy, with the keyboard: good');
