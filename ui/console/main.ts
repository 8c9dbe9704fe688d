import '@kit/base.css';
import { startLanguage } from '@kit/i18n';
import { createApp } from 'vue';
import App from './App.vue';

startLanguage();
createApp(App).mount('#app');
