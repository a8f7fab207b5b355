import { type PeerCertificate, connect } from 'node:tls'
import { type Finding, PATIENCE, findingsOf } from './finding'
import type { Config } from '../../config/config'
import { isIpLiteral } from '../../config/values'
import { outageCode } from '../../errors/outage'

const { ok, warn, fail } = findingsOf('public url')
/** Days before its end by which a certificate is usually renewed. */
const RENEWAL = 14

/** Asks the running server by its PUBLIC_URL, as users reach it: name, certificate, proxy. */
export async function checkPublicUrl({ publicUrl }: Config): Promise<Finding[]> {
  try {
    const [answer, certificate] = await Promise.all([askServer(publicUrl), aboutCertificate(publicUrl)])
    return [answer, ...certificate]
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    const code = outageCode(cause) ?? outageCode(error) ?? 'no answer'
    return [
      fail(
        `${publicUrl} cannot be reached (${code})`,
        'see the name, the certificate, the proxy, and whether the server runs',
      ),
    ]
  }
}

async function askServer(publicUrl: string): Promise<Finding> {
  const signal = AbortSignal.timeout(PATIENCE)
  const answer = await fetch(`${publicUrl}/.well-known/jwks.json`, { signal, redirect: 'manual' })
  const body = await answer.text()
  if (answer.status === 200 && body.includes('"keys"')) return ok(`${publicUrl} answers`)
  if (body.includes('HTTPS_REQUIRED')) {
    const advice =
      'name the proxy in TRUST_PROXY, and let it send X-Forwarded-Proto: docs/operations.md, Behind a proxy'
    return fail('the server does not know that requests came by https', advice)
  }
  return fail(
    `${publicUrl} answers with status ${answer.status}`,
    'something else answers there, or the proxy reaches no server',
  )
}

async function aboutCertificate(publicUrl: string): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(publicUrl)
  if (protocol !== 'https:') return []
  const { valid_to: end } = await certificateOf(hostname.replace(/^\[|\]$/g, ''), Number(port || 443))
  const days = Math.floor((new Date(end).getTime() - Date.now()) / 86_400_000)
  const found = `the certificate is valid for ${days} more days`
  return [days < RENEWAL ? warn(found, 'renew it; see that renewal runs by itself') : ok(found)]
}

function certificateOf(host: string, port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const name = isIpLiteral(host) ? {} : { servername: host }
    const socket = connect({ host, port, ...name, rejectUnauthorized: false, timeout: PATIENCE }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.once('timeout', () => socket.destroy(Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' })))
    socket.once('error', reject)
  })
}
