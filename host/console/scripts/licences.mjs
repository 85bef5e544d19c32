// Every package of the lock file must have a licence that goes with MIT.
import { readFileSync } from 'node:fs'

// Python-2.0 is argparse's, which reads the command line of the generator of types; it is in no build.
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MPL-2.0', '(MIT OR CC0-1.0)', 'Python-2.0']
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
const refused = packages.filter(([, { license }]) => !ALLOWED.includes(license)).map(([path, { license }]) => `${path}: ${license}`)
if (packages.length === 0 || refused.length > 0) {
  console.error(`not allowed: ${refused.join(', ')} (allowed: ${ALLOWED.join(', ')})`)
  process.exit(1)
}
console.log(`${packages.length} packages`)
