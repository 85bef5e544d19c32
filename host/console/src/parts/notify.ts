import { ElMessage, ElMessageBox } from 'element-plus'
import { h } from 'vue'
import { t } from '../i18n'
import FailureNotice from './FailureNotice.vue'

/** Says that something was done. */
export function done(text: string): void {
  ElMessage({ message: text, type: 'success' })
}

/** Shows what went wrong until it is read. */
export async function failed(failure: unknown): Promise<void> {
  const message = h(FailureNotice, { failure })
  await ElMessageBox({ title: '', message, confirmButtonText: t('action.close'), customClass: 'failure-box' }).catch(() => undefined)
}

/** Asks before something that can't be undone. */
export async function agreed(question: string, action: string): Promise<boolean> {
  const options = { confirmButtonText: action, cancelButtonText: t('action.cancel'), confirmButtonClass: 'el-button--danger', autofocus: true }
  return ElMessageBox.confirm(t('confirm.forGood'), question, options).then(() => true, () => false)
}
