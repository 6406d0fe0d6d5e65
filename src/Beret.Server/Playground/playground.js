'use strict';

const FILE_BATCH = 32;
const MOST_LINES = 10000;

const find = id => document.getElementById(id);
const [model, text, pair, key] = ['model', 'text', 'pair', 'key'].map(find);
let models = [];

// ---- the server

async function request(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (key.value) {
    headers['X-Api-Key'] = key.value;
  }

  let answer;
  try {
    answer = await fetch(path, body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) });
  } catch {
    throw new Error('The server does not answer.');
  }

  if (answer.status === 401) {
    find('key-part').open = true;
  }

  const json = await answer.json().catch(() => ({ error: `The server answered with ${answer.status}.` }));
  if (!answer.ok) {
    throw Object.assign(new Error(json.error), { retryAfter: Number(answer.headers.get('Retry-After')) });
  }

  return json;
}

async function loadModels() {
  models = (await request('models')).models;
  model.replaceChildren(...models.map(one => new Option(one.name, one.name)));
  find('model-row').hidden = models.length < 2;
  describe();
}

const chosen = () => models.find(one => one.name === model.value);

const labelsOf = one => one.labels.length === 0 ? '' : one.labels.length > 8 ? `, ${one.labels.length} labels` : `: ${one.labels.join(', ')}`;

function describe() {
  const one = chosen();
  find('about').textContent = one
    ? `${one.name}, version ${one.version} · ${one.task}${labelsOf(one)} · reads up to ${one.max_length} tokens`
    : '';
  showCall();
}

function fail(error) {
  find('problem').textContent = error.message;
  find('problem').hidden = false;
  find('result').hidden = true;
}

// ---- one text

function body() {
  const one = models.length > 1 ? { model: model.value } : {};
  one.text = text.value;
  if (pair.value) {
    one.pair = pair.value;
  }

  return one;
}

async function classify(event) {
  event?.preventDefault();
  if (!find('ask').reportValidity()) {
    return;
  }

  const button = find('classify');
  button.disabled = true;
  try {
    if (models.length === 0) {
      await loadModels();
    }

    show((await request('v1/classify', body())).results[0]);
    find('problem').hidden = true;
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

function answerOf(result) {
  return result.error ?? result.label ?? (result.labels ? result.labels.join(', ') || 'none of the labels' : String(result.value));
}

function show(result) {
  find('answer').textContent = answerOf(result);
  const probabilities = Object.entries(result.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  find('labels').hidden = probabilities.length === 0;
  find('labels').tBodies[0].replaceChildren(...probabilities.map(([label, probability]) => {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    name.textContent = label;
    const value = document.createElement('td');
    const share = document.createElement('div'), bar = document.createElement('span'), percent = document.createElement('span');
    share.className = 'share';
    bar.className = 'bar';
    bar.style.setProperty('--full', probability);
    percent.className = 'percent';
    percent.textContent = `${(100 * probability).toFixed(2)} %`;
    share.append(bar, percent);
    value.append(share);
    row.append(name, value);
    return row;
  }));
  find('tokens').textContent = `${result.tokens} tokens read`
    + (result.windows > 1 ? ` in ${result.windows} windows` : '')
    + (result.tokens_cut > 0 ? `, ${result.tokens_cut} cut off` : ', none cut off');
  find('result').hidden = false;
}

// ---- a file

function parseCsv(content) {
  const rows = [[]];
  let cell = '', quoted = false;
  for (let i = 0; i < content.length; i++) {
    const c = content[i];
    if (quoted) {
      if (c !== '"') {
        cell += c;
      } else if (content[i + 1] === '"') {
        cell += content[++i];
      } else {
        quoted = false;
      }
    } else if (c === '"' && cell === '') {
      quoted = true;
    } else if (c === ',' || c === '\n') {
      rows.at(-1).push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === '\n') {
        rows.push([]);
      }
    } else {
      cell += c;
    }
  }

  rows.at(-1).push(cell.replace(/\r$/, ''));
  return rows.filter(row => row.length > 1 || row[0] !== '');
}

function textsOf(name, content) {
  content = content.replace(/^\uFEFF/, '');
  if (!/\.csv$/i.test(name)) {
    return content.split('\n').map(line => line.replace(/\r$/, '')).filter(line => line !== '');
  }

  const [head, ...rows] = parseCsv(content);
  const column = Math.max(0, (head ?? []).indexOf('text'));
  return rows.map(row => row[column] ?? '');
}

const csvCell = value => /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

function csvOf(texts, results, labels) {
  const lines = [['text', 'answer', 'tokens', 'tokens_cut', ...labels.map(label => `p(${label})`)]];
  results.forEach((result, i) => lines.push([
    texts[i], answerOf(result), result.tokens ?? '', result.tokens_cut ?? '', ...labels.map(label => result.probabilities?.[label] ?? '')]));
  return lines.map(line => line.map(csvCell).join(',')).join('\n') + '\n';
}

async function withPatience(ask) {
  for (; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error.retryAfter > 0)) {
        throw error;
      }

      await new Promise(resolve => setTimeout(resolve, 1000 * error.retryAfter));
    }
  }
}

async function classifyFile() {
  const state = find('file-state'), link = find('download'), button = find('classify-file'), file = find('file').files[0];
  link.hidden = true;
  button.disabled = true;
  try {
    if (models.length === 0) {
      await loadModels();
    }

    const texts = textsOf(file.name, await file.text());
    if (texts.length === 0 || texts.length > MOST_LINES) {
      throw new Error(texts.length === 0 ? 'There is no text in the file.' : `The file has ${texts.length} texts; this page takes ${MOST_LINES}. beret predict --input takes any number.`);
    }

    const results = [], name = models.length > 1 ? { model: model.value } : {};
    for (let from = 0; from < texts.length; from += FILE_BATCH) {
      state.textContent = `${from} of ${texts.length} texts …`;
      results.push(...(await withPatience(() => request('v1/classify', { ...name, texts: texts.slice(from, from + FILE_BATCH) }))).results);
    }

    const labels = chosen().task === 'regression' ? [] : chosen().labels;
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([csvOf(texts, results, labels)], { type: 'text/csv' }));
    link.download = `${file.name.replace(/\.[^.]*$/, '')}-${model.value}.csv`;
    link.hidden = false;
    state.textContent = `${texts.length} texts classified.`;
  } catch (error) {
    state.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

// ---- the call

const quoteForShell = value => `'${value.replaceAll("'", "'\\''")}'`;

// A string of C# or Python: as in JSON, but for the characters that end a line in C#.
const literal = value => JSON.stringify(value).replace(/[\u0085\u2028\u2029]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

function showCall() {
  const json = JSON.stringify(body()), url = new URL('v1/classify', location.href).href;
  const secret = key.value ? 'KEY' : null;
  const calls = {
    curl: `curl ${secret ? `-H 'Authorization: Bearer ${secret}' ` : ''}-d ${quoteForShell(json)} ${url}`,
    csharp: [
      'using var client = new HttpClient();',
      ...(secret ? [`client.DefaultRequestHeaders.Authorization = new("Bearer", "${secret}");`] : []),
      `var answer = await client.PostAsync(${literal(url)}, new StringContent(${literal(json)}));`,
      'Console.WriteLine(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());',
    ].join('\n'),
    python: [
      'import urllib.request',
      '',
      `request = urllib.request.Request(${literal(url)}, data=${literal(json)}.encode()${secret ? `, headers={"Authorization": "Bearer ${secret}"}` : ''})`,
      'print(urllib.request.urlopen(request).read().decode())',
    ].join('\n'),
  };
  find('call').textContent = calls[document.querySelector('input[name=language]:checked').value];
  find('copied').textContent = '';
}

async function copy() {
  try {
    await navigator.clipboard.writeText(find('call').textContent);
    find('copied').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(find('call'));
    find('copied').textContent = 'Selected: copy it with Ctrl+C';
  }
}

// ---- events

find('ask').addEventListener('submit', classify);
find('ask').addEventListener('input', showCall);
model.addEventListener('change', describe);
document.querySelectorAll('input[name=language]').forEach(radio => radio.addEventListener('change', showCall));
for (const field of [text, pair]) {
  field.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      classify(event);
    }
  });
}

find('file').addEventListener('change', event => {
  find('classify-file').disabled = event.target.files.length === 0;
  find('download').hidden = true;
  find('file-state').textContent = '';
});
find('classify-file').addEventListener('click', classifyFile);
find('copy').addEventListener('click', copy);
showCall();
loadModels().catch(fail);
