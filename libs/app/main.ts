import { AppError, ConfigError } from '#runtime';

/** Something `main` started and can stop. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Runs an app's `main`: faults of configuration or start are printed in words and end with exit code 1;
 * SIGTERM and SIGINT stop it cleanly (exit 0), a second signal ends it at once (exit 1).
 */
export async function runMain(start: () => Promise<Stoppable>): Promise<void> {
  let running: Stoppable;
  try {
    running = await start();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof AppError) console.error(error.message);
    else console.error(error);
    process.exit(1);
  }
  let asked = false;
  const stop = (): void => {
    if (asked) process.exit(1);
    asked = true;
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
