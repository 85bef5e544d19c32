import type { Component } from 'vue'
import {
  Avatar, Bell, Box, Calendar, Coin, Collection, Connection, Cpu, DataAnalysis, Document, Filter, FolderOpened, Grid,
  House, Key, Link, List, Menu, Monitor, Notebook, Odometer, OfficeBuilding, Setting, Sunny, Tickets, Timer, User, UserFilled,
} from '@element-plus/icons-vue'

/** Icons by the ends of the names that menu entries give; the console brings no icon set of thousands. */
const icons: [RegExp, Component][] = [
  [/dashboard/, Odometer],
  [/area-chart|chart/, DataAnalysis],
  [/workspace|home/, House],
  [/admin|setting|system/, Setting],
  [/department|dept/, OfficeBuilding],
  [/user-role|role/, UserFilled],
  [/user-outlined|user/, User],
  [/menu/, Menu],
  [/permission/, Key],
  [/scope/, Filter],
  [/rule/, List],
  [/plugin/, Connection],
  [/notice|bell/, Bell],
  [/dictionary|book/, Collection],
  [/parameter|config/, Tickets],
  [/schedul|automation/, Timer],
  [/login/, Key],
  [/logging|operations|record/, Notebook],
  [/online/, Avatar],
  [/redis|cache/, Coin],
  [/server/, Cpu],
  [/monitor/, Monitor],
  [/folder/, FolderOpened],
  [/doc|braces/, Document],
  [/link/, Link],
  [/profile/, User],
  [/calendar/, Calendar],
  [/hand|sun/, Sunny],
  [/grid|app/, Grid],
]

/** The icon for a menu entry. */
export function iconOf(name: string | null | undefined): Component {
  const end = (name ?? '').split(':').at(-1) ?? ''
  return icons.find(([pattern]) => pattern.test(end))?.[1] ?? Box
}
