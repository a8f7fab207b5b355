import { ApolloProvider } from '@apollo/client/react'
import { AuthProvider } from '@gatehouse/client/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App'
import { apollo, auth } from './auth'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no root')
createRoot(root).render(
  <StrictMode>
    <AuthProvider client={auth}>
      <ApolloProvider client={apollo}>
        <App />
      </ApolloProvider>
    </AuthProvider>
  </StrictMode>,
)
