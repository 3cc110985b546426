// Keeps one Terraform state in memory, on a free port that it prints: what
// stands behind `address` of the "http" backend.
'use strict';
const http = require('http');

let state;
http
  .createServer((request, response) => {
    const body = [];
    request.on('data', (data) => body.push(data));
    request.on('end', () => {
      if (request.method === 'POST') state = Buffer.concat(body);
      response.statusCode = request.method === 'GET' && state === undefined ? 404 : 200;
      response.end(request.method === 'GET' ? state : undefined);
    });
  })
  .listen(0, '127.0.0.1', function () {
    console.log(`listening on 127.0.0.1:${this.address().port}`);
  });
