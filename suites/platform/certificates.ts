/** The area `certificates`: how long the certificates of KubeVirt and CDI are still valid. */
import { readCdiNamespace } from '../../helpers/cdi/installation.ts'
import { type Validity, validitiesOf } from '../../helpers/kubernetes/certificate.ts'
import type { ClusterReader, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { readKubeVirtNamespace } from '../../helpers/kubevirt/installation.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { type ApiService, readApiServices } from './api.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

/** A certificate, or why it cannot be read. Nothing of a Secret but this leaves this file. */
type FoundCertificate = { of: string } & ({ validity: Validity } | { unreadable: string })

export interface CertificateFindings {
  secrets: Reading<FoundCertificate[]>[]
  bundles: Reading<FoundCertificate[]>
}

type Secret = KubernetesObject & { data?: Record<string, string> }

const certificateKey = 'tls.crt'
/** Operators renew certificates with a fifth of their life left or more: with less than this, one was not renewed. */
const shareOfLife = 0.1

export async function readCertificates(reader: ClusterReader, of: PlatformParameters): Promise<CertificateFindings> {
  const [kubevirt, cdi, apiServices] = await Promise.all([
    readKubeVirtNamespace(reader),
    of.cdiNamespace ?? readCdiNamespace(reader),
    readApiServices(reader),
  ])
  const places = [
    { namespace: kubevirt, names: /^(kubevirt|virt)-/ },
    { namespace: cdi, names: /^cdi-/ },
  ]
  return {
    secrets: await Promise.all(
      places.map(async ({ namespace, names }) => {
        const listed = await reader.list<Secret>({ apiVersion: 'v1', kind: 'Secret', namespace })
        return 'missing' in listed ? listed : { known: certificatesOf(listed.known, names) }
      }),
    ),
    bundles: 'missing' in apiServices ? apiServices : { known: bundlesOf(apiServices.known) },
  }
}

function certificatesOf(secrets: readonly Secret[], names: RegExp): FoundCertificate[] {
  return secrets.flatMap(({ metadata: { namespace = '', name = '' }, data = {} }) => {
    const encoded = data[certificateKey]
    if (!names.test(name) || encoded === undefined) return []
    // The first is the certificate itself, further ones lead to the authority.
    return [found(`Secret ${namespace}/${name}`, Buffer.from(encoded, 'base64'), ([first]) => first)]
  })
}

/** Of a bundle counts what is valid longest: while an authority is replaced, the old one is still in it. */
function bundlesOf(apiServices: readonly ApiService[]): FoundCertificate[] {
  return apiServices.flatMap(({ metadata: { name = '' }, spec }) => {
    if (spec?.caBundle === undefined || spec.caBundle === '') return []
    return [
      found(`caBundle of APIService ${name}`, Buffer.from(spec.caBundle, 'base64'), (all) =>
        all.toSorted((a, b) => b.notAfter - a.notAfter).at(0),
      ),
    ]
  })
}

function found(of: string, text: Buffer, choose: (all: Validity[]) => Validity | undefined): FoundCertificate {
  try {
    const validity = choose(validitiesOf(text.toString('utf8')))
    return validity === undefined ? { of, unreadable: 'it is empty' } : { of, validity }
  } catch (error) {
    return { of, unreadable: (error as Error).message }
  }
}

/** @param now in milliseconds since the epoch, by the clock of the cluster */
export function judgeCertificates(
  { secrets, bundles }: CertificateFindings,
  of: PlatformParameters,
  { now, report }: { now: number; report: PlatformReport },
): void {
  const judge = (id: string, reading: Reading<FoundCertificate[]>) => {
    if ('missing' in reading) {
      report.cannotRead(reading.missing, id)
      return
    }
    for (const certificate of reading.known) judgeCertificate(id, certificate)
  }
  const wanted = durationMilliseconds(of.minimumCertificateLife)
  const judgeCertificate = (id: string, certificate: FoundCertificate) => {
    const known = 'validity' in certificate ? certificate.validity : undefined
    const life = known === undefined ? Infinity : known.notAfter - known.notBefore
    const limit = Math.min(wanted, life * shareOfLife)
    report.number({
      id,
      subject: certificate.of,
      metric: 'validity left',
      ...('unreadable' in certificate && { detail: [`it cannot be read: ${certificate.unreadable}`] }),
      name: 'certificateSecondsLeft',
      actual: known === undefined ? 0 : Math.floor((known.notAfter - now) / 1000),
      limit: Math.floor(limit / 1000),
      unit: 's',
      better: 'higher',
    })
  }
  for (const reading of secrets) judge('platform.serving-certificates', reading)
  judge('platform.api-service-certificates', bundles)
  const all = [...secrets, bundles].flatMap((reading) => ('known' in reading ? reading.known : []))
  const ends = all.flatMap((each) => ('validity' in each ? [each.validity.notAfter] : []))
  report.results['firstCertificateExpiry'] = ends.length === 0 ? null : new Date(Math.min(...ends)).toISOString()
  for (const id of ['platform.serving-certificates', 'platform.api-service-certificates'])
    if (report.checks.every((check) => check.id !== id))
      report.cannotJudge(id, 'there is no such certificate of KubeVirt or CDI', 'Look whether cdiNamespace is right')
}
