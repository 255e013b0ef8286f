/** `npm run build`: compiles every app and lib into dist/. */
import { compile, installPackages, StepFailed } from './steps.mjs';

try {
  await installPackages();
  await compile({ force: true });
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
