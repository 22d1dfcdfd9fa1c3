// Serves the street's Node cases. What a mode means is in the functions below,
// written the way applications write it.
'use strict';
const fs = require('fs'), https = require('https'), http = require('http'), http2 = require('http2'), tls = require('tls'), crypto = require('crypto');
const conf = JSON.parse(fs.readFileSync(process.argv[2]));
const base = { cert: fs.readFileSync(conf.cert), key: fs.readFileSync(conf.key), ca: fs.readFileSync(conf.ca) };

function page(req, res, noise) {
  const path = req.url.split('?')[0];
  if (path === '/login') { res.writeHead(200, { 'content-type': 'text/html' }); return res.end('<title>Sign in</title><form>Sign in</form>'); }
  if (path !== '/' && path !== '/open/') { res.writeHead(404, { 'content-type': 'text/plain' }); return res.end('Cannot GET ' + path + '\n'); }
  res.writeHead(200, { 'content-type': 'text/html' });
  const extra = noise ? `<meta name="nonce" content="${crypto.randomUUID()}"><meta name="at" content="${new Date().toISOString()}">` : '';
  res.end(conf.page.replace('</head>', extra + '</head>'));
}

const strict = { requestCert: true, rejectUnauthorized: true };
const asking = { requestCert: true, rejectUnauthorized: false };
const refuse = (answer) => (req, res) => (req.socket.authorized ? page(req, res) : answer(req, res));
const end = (status, body, headers) => (req, res) => { res.writeHead(status, headers || { 'content-type': 'text/plain' }); res.end(body); };

// The way Express applications check: the peer's own word on its issuer.
function issuer(req, res) {
  const cert = req.socket.getPeerCertificate();
  if (!cert || !cert.issuer || cert.issuer.CN !== conf.issuer) return end(403, 'Forbidden')(req, res);
  page(req, res);
}

const modes = {
  'demanded': [strict, page],
  'demanded-noise': [strict, (q, s) => page(q, s, true)],
  'open': [{}, page],
  'open-noise': [{}, (q, s) => page(q, s, true)],
  'optional': [asking, page],
  'optional-403': [asking, refuse(end(403, 'Forbidden'))],
  'optional-404': [asking, refuse(end(404, 'Not Found'))],
  'optional-302': [asking, refuse(end(302, '', { location: 'https://www.example.com/' }))],
  'optional-200-page': [asking, refuse(end(200, conf.refused, { 'content-type': 'text/html' }))],
  'optional-destroy': [asking, refuse((req) => req.socket.destroy())],
  'optional-json-401': [asking, refuse(end(401, '{"error":"unauthorized"}', { 'content-type': 'application/json' }))],
  'any-certificate': [asking, (q, s) => (q.socket.getPeerCertificate().raw ? page(q, s) : end(403, 'Forbidden')(q, s))],
  'issuer-name': [asking, issuer],
  // socket.authorized is true of a resumed session of TLS 1.3, whoever opened it.
  'own-session': [asking, refuse(end(403, 'Forbidden'))],
  'by-host': [asking, (q, s) => (q.headers.host === q.socket.server.host_ && !q.socket.authorized ? end(403, 'Forbidden')(q, s) : page(q, s))],
  'name-demanded': [{ byName: true }, page],
  'path': [asking, (q, s) => (q.socket.authorized || q.url.startsWith('/open/') ? page(q, s) : end(403, 'Forbidden')(q, s))],
  'wrong-ca': [{ ...strict, ca: fs.readFileSync(conf.otherCA) }, page],
  'tls12-demanded': [{ ...strict, maxVersion: 'TLSv1.2' }, page],
  'tls13-demanded': [{ ...strict, minVersion: 'TLSv1.3' }, page],
  'http2-demanded': [{ ...strict, h2: true }, page],
  'http2-optional-403': [{ ...asking, h2: true }, refuse(end(403, 'Forbidden'))],
  'plain-content': [strict, page],
  'everybody-403-asked': [asking, end(403, 'Forbidden')],
  'everybody-403': [{}, end(403, 'Forbidden')],
  'login': [{}, (q, s) => (q.url === '/' ? end(302, '', { location: '/login' })(q, s) : page(q, s))],
  'optional-login': [asking, (q, s) => (q.url === '/' ? end(302, '', { location: '/login' })(q, s) : page(q, s))],
};

for (const c of conf.cases) {
  const [options, handler] = modes[c.Mode];
  const o = { ...base, ...options };
  if (/^optional-(403|404|302|200|json|destroy)|^issuer|^path|^by-host|http2-optional/.test(c.Mode)) {
    // Without tickets nothing can be resumed: these check every connection.
    o.secureOptions = crypto.constants.SSL_OP_NO_TICKET;
    o.maxVersion = o.maxVersion || 'TLSv1.2';
  }
  let server;
  if (o.h2) {
    server = http2.createSecureServer({ ...o, allowHTTP1: true }, handler);
  } else if (o.byName) {
    // Another context for the protected name does not ask by itself: only the
    // application's check after the handshake does.
    server = https.createServer({ ...base, ...asking }, (q, s) => (q.socket.servername === c.Host && !q.socket.authorized ? end(403, 'Forbidden')(q, s) : page(q, s)));
  } else {
    server = https.createServer(o, handler);
  }
  server.host_ = c.Host;
  server.on('tlsClientError', () => {});
  server.on('error', (e) => { console.error(e.message); process.exit(1); });
  server.listen(c.Port, c.Address);
  if (c.PlainPort) http.createServer(page).on('error', (e) => { console.error(e.message); process.exit(1); }).listen(c.PlainPort, c.Address);
}
