/** The paths of the pages that mailed links lead to. */
export const MAILED_PAGES = [
  '/verify-email',
  '/reset-password',
  '/confirm-email-change',
  '/undo-email-change',
  '/reject-login',
  '/login-code',
]
