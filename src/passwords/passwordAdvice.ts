/**
 * Keys of the reasons why a password is weak and of the suggestions for a better one; the catalogues hold their texts. They
 * are the estimator's own (zxcvbn-ts), warnings and suggestions in one list, since people read them as one.
 */
export const PASSWORD_ADVICE = [
  // What is wrong.
  'straightRow',
  'keyPattern',
  'simpleRepeat',
  'extendedRepeat',
  'sequences',
  'recentYears',
  'dates',
  'topTen',
  'topHundred',
  'common',
  'similarToCommon',
  'wordByItself',
  'namesByThemselves',
  'commonNames',
  'userInputs',
  'pwned',
  // What to do.
  'l33t',
  'reverseWords',
  'allUppercase',
  'capitalization',
  'associatedYears',
  'repeated',
  'longerKeyboardPattern',
  'anotherWord',
  'useWords',
  'noNeed',
] as const
