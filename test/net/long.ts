// Tests of this folder that take too long for every run: KITTIWAKE_LONG=1 asks for them. See README.md here.
export const long = Boolean(process.env['KITTIWAKE_LONG']);
