export default function setup(): never {
  const phase = process.env['SET_UP_PHASE']
  throw Object.assign(new Error('the API server at https://127.0.0.1:1 does not answer'), phase ? { phase } : {})
}
