import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type Router } from 'express';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Prediction API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
/** Without `validatorUrl: null` Swagger UI asks a server elsewhere whether the document is good. */
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: true, validatorUrl: null });\n`;
/** Swagger UI sets styles in its elements and has its pictures in its style sheet. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** Swagger UI on `/openapi.json`, from files of this server; the browser is told to take nothing from elsewhere. */
export function docsRouter(): Router {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const router = express.Router();
  router.get('/', (_, response) => void response.setHeader('Content-Security-Policy', POLICY).type('html').end(PAGE));
  router.get('/start.js', (_, response) => void response.type('text/javascript').end(START));
  for (const file of FILES) {
    router.get(`/${file}`, (_, response) => {
      response.removeHeader('Cache-Control');
      response.sendFile(file, { root: folder, maxAge: '1h' });
    });
  }
  return router;
}
