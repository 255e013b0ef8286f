import { readFileSync, readdirSync } from 'node:fs';
import { it } from '@jest/globals';
import * as a from './index.js';
const dir='libs/answers/fixtures/kickstart/';
it('x',()=>{
 for (const f of readdirSync(dir)) console.log(f, JSON.stringify(a.checkKickstart(readFileSync(dir+f,'utf8')),null,1));
});
