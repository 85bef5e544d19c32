import { createApp } from 'vue'
import App from './App.vue'
import { i18n, loadTexts } from './i18n'
import { router } from './router'
import { loadSetup } from './state/setup'
import './styles/element.css'
import './styles/console.css'

await Promise.all([loadSetup(), loadTexts()])
createApp(App).use(i18n).use(router).mount('#app')
