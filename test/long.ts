/** Whether the long forms of tests run, which take minutes more: `npm run test:long`. */
export const LONG = process.env['INIC_LONG'] === '1';
