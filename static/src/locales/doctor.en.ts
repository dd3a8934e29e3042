/** English texts of the doctor's notes, and of what a person asks about a network. */

export const doctorEn = {
  'doctor.title': 'Doctor',
  'doctor.healthy': 'Nothing to complain about.',
  'doctor.waiting': 'Has not looked yet.',
  'doctor.severity.notice': 'Notice',
  'doctor.severity.warning': 'Warning',
  'doctor.severity.serious': 'Serious',
  'doctor.select': 'Select layer {layer}',
  'doctor.try': 'Begin a branch with this change: {label}',
  'doctor.trying': 'Trying it in a branch…',
  'doctor.spoken': 'Doctor: {title}',
  'doctor.spoken.many': 'Doctor: {title}, and {count} more {count|finding|findings}',
  'doctor.sign': '{count} {count|finding|findings} of the doctor',
} as const;
