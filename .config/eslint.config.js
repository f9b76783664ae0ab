import { fileURLToPath } from 'node:url';
import rxjsX from 'eslint-plugin-rxjs-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'node_modules/']),
  {
    files: ['**/*.ts'],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      rxjsX.configs.strict,
    ],
    languageOptions: {
      parserOptions: {
        project: 'tsconfig.json',
        tsconfigRootDir: fileURLToPath(new URL('..', import.meta.url)),
      },
    },
    rules: {
      // Numbers in messages are the rule here, not the exception.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => void work()` says on purpose that nobody waits.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // A subclass of Subscriber is how RxJS 7 writes operators itself; closures cost three times the memory.
      'rxjs-x/no-subclass': 'off',
      // Observers of our own events, which do not error.
      'rxjs-x/no-ignored-error': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // A component is its events, so its methods take what RxJS hands them.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // The constructor of Subscriber is marked as internal, but there is no other way to link to a destination.
    files: [
      'lib/flow/relay.ts',
      'lib/flow/event-source.ts',
      'lib/framing/encode.ts',
      'lib/connection/intake.ts',
      'lib/connection/send-to.ts',
      'lib/component/handle-each.ts',
      'lib/http/client/client-line.ts',
      'lib/http/server/http-server-connection.ts',
      'lib/http/server/effect-line.ts',
    ],
    rules: { '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['spec/**/*.ts', 'samples/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'rxjs-x/no-ignored-default-value': 'off',
      'rxjs-x/no-ignored-subscription': 'off',
      'rxjs-x/no-ignored-subscribe': 'off',
      'rxjs-x/no-nested-subscribe': 'off',
    },
  },
);
