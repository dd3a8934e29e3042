/** Simplified Chinese texts of the doctor's notes, and of what a person asks about a network. */

import type { doctorEn } from './doctor.en';

export const doctorZh: Record<keyof typeof doctorEn, string> = {
  'doctor.title': '网络医生',
  'doctor.healthy': '一切正常，没有发现问题。',
  'doctor.waiting': '还没有检查。',
  'doctor.severity.notice': '提示',
  'doctor.severity.warning': '警告',
  'doctor.severity.serious': '严重',
  'doctor.select': '选中层 {layer}',
  'doctor.try': '带着这个改动开始一个分支：{label}',
  'doctor.trying': '正在新分支中尝试…',
  'doctor.spoken': '网络医生：{title}',
  'doctor.spoken.many': '网络医生：{title}，另有 {count} 个新发现',
  'doctor.sign': '医生的发现：{count} 个',
};
