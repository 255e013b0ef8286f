import { dbText, uuid } from '#protocol';

/** A machine's id in a path. Whoever gives a name instead is told how names are looked up. */
export const machineId = dbText(2048)
  .superRefine((value, context) => {
    const message = uuid.safeParse(value).error?.issues[0]?.message;
    if (message === undefined) return;
    const remedy = `GET /api/machines?name=${encodeURIComponent(value.toWellFormed())} finds a machine by its name`;
    context.addIssue({ code: 'custom', message, params: { remedy } });
  })
  .pipe(uuid)
  .meta({ documentedAs: { type: 'string', format: 'uuid' } });
