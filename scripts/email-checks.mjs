/** Placeholders of the templates that are not texts of the mail: they come from the layout, the brand and the payload. */
const VALUES = [
  'lang',
  'dir',
  'appName',
  'greeting',
  'fallback',
  'footer',
  'link',
  'loginLink',
  'resetLink',
  'code',
  'device',
]

/** What one catalogue has that another lacks, by keys and by the {placeholders} of each text. English is the measure. */
export function catalogueProblems(catalogues) {
  const measure = textsOf(catalogues.en)
  return Object.entries(catalogues).flatMap(([tag, catalogue]) => {
    const texts = textsOf(catalogue)
    return [
      ...[...measure.keys()].filter((key) => !texts.has(key)).map((key) => `${tag}: ${key} is missing`),
      ...[...texts.keys()].filter((key) => !measure.has(key)).map((key) => `${tag}: ${key} is not in en`),
      ...[...texts]
        .filter(([key, text]) => measure.has(key) && placeholders(text) !== placeholders(measure.get(key)))
        .map(
          ([key, text]) =>
            `${tag}: ${key} has [${placeholders(text)}] where en has [${placeholders(measure.get(key))}]`,
        ),
      ...pluralProblems(tag, catalogue.durations ?? {}),
    ]
  })
}

/** Each mail's texts against its templates: a text that nobody shows, and a placeholder that nobody fills. */
export function templateProblems({ mails }, templates) {
  const names = new Set([...Object.keys(mails), ...Object.keys(templates)])
  return [...names].flatMap((name) => {
    if (!mails[name]) return [`${name}.mjml has no texts under mails.${name}`]
    if (!templates[name]) return [`mails.${name} has no template ${name}.mjml`]
    // The other subject, for LOGIN_CODE_IN_SUBJECT, stands in no template.
    const texts = [...textsOf(mails[name]).keys()].filter((key) => key !== 'subjectWithCode')
    const shownInText = texts.filter((key) => key !== 'subject' && key !== 'preheader')
    const { mjml, text } = templates[name]
    return [...differences(`${name}.mjml`, texts, mjml.source), ...differences(`${name}.txt`, shownInText, text)]
  })
}

function differences(file, texts, template) {
  const used = new Set([...template.matchAll(/%%(?:if )?([\w.]+)%%/g)].map(([, key]) => key))
  used.delete('end')
  return [
    ...texts.filter((key) => !used.has(key)).map((key) => `${file} does not show ${key}`),
    ...[...used]
      .filter((key) => !texts.includes(key) && !VALUES.includes(key))
      .map((key) => `${file}: nothing fills %%${key}%%`),
  ]
}

/** A language needs the forms that its rules pick for whole numbers, no more. */
function pluralProblems(tag, durations) {
  const rules = new Intl.PluralRules(tag)
  const needed = new Set(Array.from({ length: 200 }, (_, index) => rules.select(index + 1)))
  return Object.entries(durations).flatMap(([unit, forms]) => [
    ...[...needed].filter((form) => !(form in forms)).map((form) => `${tag}: durations.${unit}.${form} is missing`),
    ...Object.keys(forms)
      .filter((form) => !needed.has(form))
      .map((form) => `${tag}: durations.${unit}.${form} is never used`),
  ])
}

function placeholders(text) {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort().join(', ')
}

/** Dotted path to text, for every text of a catalogue; of a duration only its unit. */
function textsOf(node, path = '') {
  if (typeof node === 'string') return new Map([[path, node]])
  if (/^durations\.\w+$/.test(path)) return new Map([[path, '']])
  return new Map(Object.entries(node).flatMap(([key, child]) => [...textsOf(child, path ? `${path}.${key}` : key)]))
}
