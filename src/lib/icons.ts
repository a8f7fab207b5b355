/** What the hosted pages are for, as paths of strokes in a view box of 24 by 24. */
export const ICONS = {
  address: 'M12 8a4 4 0 1 1 0 8a4 4 0 0 1 0-8zM16 8v5.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.6 7.2',
  brokenLink:
    'M10 14a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7M14 10a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7M4 4l16 16',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  clock: 'M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16zM12 8v4.5l3 2',
  code: 'M3 6.5h18v11H3zM7.5 12v.01M10.5 12v.01M13.5 12v.01M16.5 12v.01',
  confirmMail: 'M12.5 18H4V6h16v6.5M4 7l8 6l8-6M15 18l2 2l4-4',
  device: 'M5 5h14v10H5zM2.5 19h19M12 7.5v2.5M12 12.5v.01',
  key: 'M8 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM11.2 11.2L20.5 20.5M15.5 15.5l2.5-2.5M18.5 18.5l2-2',
  mail: 'M4 6h16v12H4zM4 7l8 6l8-6',
  newPerson: 'M9.5 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8zM2.5 20a7 7 0 0 1 14 0M19 8v6M16 11h6',
  person: 'M12 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0',
  sent: 'M20 4L3.5 11l6 2.5L12.5 20zM9.5 13.5L20 4',
  shield: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5c-4.5-1.7-7.5-5-7.5-9.5V6zM9 12l2.2 2.2L15.5 10',
  undo: 'M9 14L4 9l5-5M4 9h10.5a5.5 5.5 0 0 1 0 11H11',
} as const

export type IconName = keyof typeof ICONS
