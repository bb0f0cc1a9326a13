module.exports = (what) => `Hello from ${what}`;
