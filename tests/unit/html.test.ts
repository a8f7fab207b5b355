import { fillHtml, html } from '../../src/http/pages/html'

describe('markup of a page', () => {
  test('holds values as text, and markup of its own as it is', () => {
    const list = [html`<i>${'<'}</i>`, html`<b>${7}</b>`]
    expect(html`<p title="${'"x" & \'y\''}">${list}</p>`.markup).toBe(
      '<p title="&quot;x&quot; &amp; &#39;y&#39;"><i>&lt;</i><b>7</b></p>',
    )
  })

  test('fills the places of a text, and leaves what nothing fills', () => {
    const filled = fillHtml('<{email}> {other} {count}', { email: html`<b>${'a&b'}</b>`, count: 2 })
    expect(filled.markup).toBe('&lt;<b>a&amp;b</b>&gt; {other} 2')
  })
})
