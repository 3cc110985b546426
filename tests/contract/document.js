// Reads openapi.yaml, checks the document itself, and judges answers by it.
// Keeps account of which answers have been seen.
'use strict';
const fs = require('fs');
const yaml = require('js-yaml');

// Debian 12's ajv knows JSON Schema up to draft 7, OpenAPI 3.1 is draft 2020-12.
// The document keeps to the words that mean the same in both; `check` sees to it.
function makeAjv() {
  let Ajv;
  try {
    Ajv = require('ajv/dist/2020').default;
    return new Ajv({ strict: false, allErrors: true, validateFormats: false });
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return new (require('ajv'))({ allErrors: true, format: false, schemaId: 'auto' });
  }
}

const sameInBothDrafts = new Set(
  (
    'type enum const minimum exclusiveMinimum maximum minLength maxLength pattern ' +
    'format items minItems maxItems properties required additionalProperties allOf not if then ' +
    'default description'
  ).split(' '),
);

const methods = ['get', 'put', 'post', 'delete'];

class Document {
  constructor(file) {
    this.text = fs.readFileSync(file, 'utf8');
    this.root = yaml.load(this.text, { schema: yaml.JSON_SCHEMA });
    this.ajv = makeAjv();
    this.validators = new Map();
    this.references = new Set();
    this.operations = new Map();
    this.seen = new Map();
    this.seenCodes = new Map();
    this.errors = [];
    for (const [path, item] of Object.entries(this.root.paths))
      for (const method of methods) {
        if (!item[method]) continue;
        const operation = item[method];
        this.operations.set(operation.operationId, {
          id: operation.operationId,
          path,
          method: method.toUpperCase(),
          aliases: operation['x-also-as'] ?? [],
          dialect: operation.tags.includes('Lock::Server') ? 'line' : 'json',
          parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((x) =>
            this.follow(x),
          ),
          requestBody: operation.requestBody,
          responses: operation.responses,
          source: operation,
        });
      }
  }

  // Replaces a reference by what it refers to.
  follow(x) {
    if (!x || x.$ref === undefined) return x;
    if (Object.keys(x).length !== 1) throw new Error(`words beside $ref ${x.$ref}`);
    this.references.add(x.$ref);
    let target = this.root;
    if (!x.$ref.startsWith('#/')) throw new Error(`not a local reference: ${x.$ref}`);
    for (const part of x.$ref.slice(2).split('/')) {
      target = target?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
      if (target === undefined) throw new Error(`nothing at ${x.$ref}`);
    }
    return this.follow(target);
  }

  // The schema with all references replaced. With `closed`, objects have the
  // described members only: answers may grow, but not without the document.
  expand(schema, closed) {
    if (Array.isArray(schema)) return schema.map((x) => this.expand(x, closed));
    if (schema === null || typeof schema !== 'object') return schema;
    if (schema.$ref !== undefined) return this.expand(this.follow(schema), closed);
    const result = {};
    for (const [word, value] of Object.entries(schema)) result[word] = this.expand(value, closed);
    if (closed && result.type === 'object' && result.additionalProperties === undefined)
      result.additionalProperties = false;
    return result;
  }

  // What is wrong with a value, as text; empty if nothing is.
  judge(schema, value, closed = false) {
    const name = JSON.stringify([schema, closed]);
    let validate = this.validators.get(name);
    if (!validate) {
      validate = this.ajv.compile(this.expand(schema, closed));
      this.validators.set(name, validate);
    }
    return validate(value) ? '' : this.ajv.errorsText(validate.errors);
  }

  operation(id) {
    const operation = this.operations.get(id);
    if (!operation) throw new Error(`the document has no operation ${id}`);
    return operation;
  }

  anyRequest(dialect) {
    return this.root['x-any-request'][dialect];
  }

  // Whether the operation's answer is the one that any request can get.
  isShared(dialect, status, response) {
    return response.$ref !== undefined && response.$ref === this.anyRequest(dialect)[status]?.$ref;
  }

  // Codes that a response's schema allows by a list of its own.
  codes(response) {
    const schema = this.follow(response).content?.['application/problem+json']?.schema;
    const parts = schema
      ? [schema, ...(this.follow(schema).allOf ?? [])].map((x) => this.follow(x))
      : [];
    return parts.flatMap((x) =>
      x.properties?.code?.enum && x.properties.status?.const ? x.properties.code.enum : [],
    );
  }

  // Judges an answer to an operation: returns what is wrong with it.
  judgeAnswer(id, answer, asHead = false) {
    const operation = this.operation(id);
    const status = String(answer.status);
    const own = operation.responses[status];
    const response = own ?? this.anyRequest(operation.dialect)[status];
    const name = own ? id : `any ${operation.dialect} request`;
    if (!response) return [`status ${status} is not documented; the body is ${answer.body}`];
    return this.judgeResponse(name, this.follow(response), answer, asHead);
  }

  // The same for requests that belong to no operation.
  judgeAny(dialect, answer) {
    const response = this.anyRequest(dialect)[String(answer.status)];
    if (!response) return [`status ${answer.status} is not documented; the body is ${answer.body}`];
    return this.judgeResponse(`any ${dialect} request`, this.follow(response), answer, false);
  }

  judgeResponse(name, response, answer, asHead) {
    const wrong = [];
    const account = `${name} ${answer.status}`;
    this.seen.set(account, (this.seen.get(account) ?? 0) + 1);
    const type = (answer.headers['content-type'] ?? '').split(';')[0].trim();
    const media = response.content?.[type];
    for (const [field, source] of Object.entries(response.headers ?? {})) {
      const header = this.follow(source);
      const value = answer.headers[field.toLowerCase()];
      if (value === undefined) {
        if (header.required) wrong.push(`the header ${field} is missing`);
      } else {
        const problem = this.judge(header.schema, value);
        if (problem) wrong.push(`the header ${field}: ${problem}`);
      }
    }
    if (!/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(answer.headers.date ?? ''))
      wrong.push(`the header Date is ${answer.headers.date}`);
    if (!media) {
      wrong.push(
        `the content type is ${type || 'missing'}, documented: ${Object.keys(response.content ?? {})}`,
      );
      return wrong;
    }
    if (asHead) return wrong;
    let value = answer.body;
    if (/[/+]json$/.test(type)) {
      try {
        value = JSON.parse(answer.body);
      } catch (error) {
        return [...wrong, `the body is no JSON: ${answer.body}`];
      }
    }
    const problem = this.judge(media.schema, value, true);
    if (problem) wrong.push(`${problem} in ${answer.body.slice(0, 500)}`);
    if (type === 'application/problem+json') {
      if (value.status !== answer.status)
        wrong.push(`"status" is ${value.status} in an answer with ${answer.status}`);
      if (value.title !== answer.reason)
        wrong.push(`"title" is ${value.title}, the reason phrase ${answer.reason}`);
      const code = `${account} ${value.code}`;
      this.seenCodes.set(code, (this.seenCodes.get(code) ?? 0) + 1);
    }
    return wrong;
  }

  // Every answer that the document promises: "operation status", and each code. The codes of
  // an answer that any request can get are promised once.
  promised() {
    const result = [];
    const add = (name, status, response, isShared) => {
      result.push(`${name} ${status}`);
      const codes = isShared ? [] : this.codes(response);
      if (codes.length > 1) result.push(...codes.map((code) => `${name} ${status} ${code}`));
    };
    for (const operation of this.operations.values())
      for (const [status, response] of Object.entries(operation.responses))
        if (status !== 'default')
          add(operation.id, status, response, this.isShared(operation.dialect, status, response));
    for (const dialect of ['json', 'line'])
      for (const [status, response] of Object.entries(this.anyRequest(dialect)))
        add(`any ${dialect} request`, status, response, false);
    return result;
  }

  wasSeen(promise) {
    return this.seen.has(promise) || this.seenCodes.has(promise);
  }

  // Checks the document itself; returns what is wrong.
  check() {
    const wrong = [];
    const attempt = (where, action) => {
      try {
        action();
      } catch (error) {
        wrong.push(`${where}: ${error.message}`);
      }
    };
    if (!/^3\.1\.\d+$/.test(this.root.openapi)) wrong.push(`openapi is ${this.root.openapi}`);
    if (!this.root.info?.title || !this.root.info?.version)
      wrong.push('info needs title and version');
    if (/\t| $/m.test(this.text)) wrong.push('there are tabs, or blanks at the end of a line');
    const known = new Set(this.root.tags.map((tag) => tag.name));
    const ids = new Set();

    // Every schema, and everything that refers to something.
    const walk = (x, where) => {
      if (x === null || typeof x !== 'object') return;
      if (typeof x.$ref === 'string') return attempt(where, () => this.follow(x));
      for (const [name, value] of Object.entries(x)) {
        if (name === 'schema') schema(value, `${where}/schema`);
        if (name !== 'example' && name !== 'examples') walk(value, `${where}/${name}`);
      }
    };
    const schema = (x, where) => {
      if (x.$ref !== undefined) return;
      for (const word of Object.keys(x))
        if (!sameInBothDrafts.has(word)) wrong.push(`${where}: the word ${word}`);
      for (const inner of ['not', 'if', 'then', 'items'])
        if (x[inner]) schema(x[inner], `${where}/${inner}`);
      (x.allOf ?? []).forEach((y, i) => schema(y, `${where}/allOf/${i}`));
      for (const [name, y] of Object.entries(x.properties ?? {}))
        schema(y, `${where}/properties/${name}`);
      for (const name of x.required ?? [])
        if (x.type === 'object' && !x.properties?.[name])
          wrong.push(`${where}: ${name} is required, not described`);
      if (x.default !== undefined) example(x, x.default, `${where}/default`);
    };
    const example = (of, value, where) =>
      attempt(where, () => {
        const problem = this.judge(of, value, true);
        if (problem) wrong.push(`${where}: ${problem}`);
      });
    const content = (x, where) => {
      for (const [type, media] of Object.entries(x)) {
        const examples = media.examples
          ? Object.values(media.examples).map((y) => y.value)
          : [media.example];
        if (examples[0] === undefined) wrong.push(`${where}/${type}: no example`);
        else examples.forEach((y, i) => example(media.schema, y, `${where}/${type}/example ${i}`));
      }
    };
    walk(this.root, '#');
    for (const [name, x] of Object.entries(this.root.components.schemas))
      schema(x, `#/components/schemas/${name}`);

    for (const [path, item] of Object.entries(this.root.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)]
        .map((x) => x[1])
        .sort()
        .join();
      for (const [method, operation] of Object.entries(item)) {
        const where = `${method.toUpperCase()} ${path}`;
        if (method === 'parameters' || method === 'description') continue;
        if (!methods.includes(method)) {
          wrong.push(`${where}: the test does not know ${method}`);
          continue;
        }
        if (!operation.operationId || ids.has(operation.operationId))
          wrong.push(`${where}: operationId`);
        ids.add(operation.operationId);
        if (!operation.summary || !operation.description)
          wrong.push(`${where}: summary or description is missing`);
        if (!operation.tags?.length || !operation.tags.every((tag) => known.has(tag)))
          wrong.push(`${where}: tags`);
        const parameters = this.operation(operation.operationId).parameters;
        const inPath = parameters
          .filter((x) => x.in === 'path')
          .map((x) => x.name)
          .sort()
          .join();
        if (inPath !== names) wrong.push(`${where}: path parameters ${inPath}`);
        for (const x of parameters) {
          if (!x.description || !x.schema || (x.in === 'path' && !x.required))
            wrong.push(`${where}: parameter ${x.name}`);
          if (x.example !== undefined)
            example(x.schema, x.example, `${where}: parameter ${x.name}`);
        }
        if (operation.requestBody) {
          content(operation.requestBody.content, where);
          for (const media of Object.values(operation.requestBody.content)) {
            const body = this.follow(media.schema);
            if (typeof body.additionalProperties !== 'boolean')
              wrong.push(`${where}: additionalProperties of the body`);
          }
        }
        if (!operation.responses['200'] || !operation.responses.default)
          wrong.push(`${where}: 200 or default is missing`);
        for (const [status, response] of Object.entries(operation.responses))
          attempt(`${where} ${status}`, () => {
            const x = this.follow(response);
            if (!x.description) wrong.push(`${where} ${status}: no description`);
            if (!x.content) wrong.push(`${where} ${status}: no content`);
            else content(x.content, `${where} ${status}`);
          });
      }
    }
    for (const dialect of ['json', 'line'])
      for (const [status, response] of Object.entries(this.anyRequest(dialect)))
        attempt(`x-any-request ${dialect} ${status}`, () =>
          content(this.follow(response).content, status),
        );

    // How a client shows who it is: by name, not by reference.
    for (const of of [this.root, ...[...this.operations.values()].map((x) => x.source)])
      for (const name of (of.security ?? []).flatMap(Object.keys))
        attempt('security', () => this.follow({ $ref: `#/components/securitySchemes/${name}` }));

    for (const [kind, entries] of Object.entries(this.root.components))
      for (const name of Object.keys(entries))
        if (!this.references.has(`#/components/${kind}/${name}`))
          wrong.push(`#/components/${kind}/${name} is not used`);
    return wrong;
  }
}

module.exports = { Document };
