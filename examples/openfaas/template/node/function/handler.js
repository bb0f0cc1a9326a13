module.exports = async ({body}) => ({
  headers: {'Content-Type': 'text/plain'},
  body: `Hello, ${body.length ? body : 'node'}!\n`,
});
