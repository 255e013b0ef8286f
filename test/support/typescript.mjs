import { registerHooks } from 'node:module';

// For test code that Node itself loads, outside Jest: Node strips the types, and only the sources' `.js`
// endings need a hand.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!/^\.{1,2}\/.*\.js$/.test(specifier)) throw error;
      return next(specifier.replace(/\.js$/, '.ts'), context);
    }
  },
});
