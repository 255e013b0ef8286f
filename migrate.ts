import { placeholder } from '#db';
console.log(placeholder);
