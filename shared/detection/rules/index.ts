import type { Rule } from '../rule.ts';
import clientAddressForged from './client-address-forged.ts';
import deniedSource from './denied-source.ts';
import execReadsToken from './exec-reads-token.ts';
import impersonationByServiceaccount from './impersonation-by-serviceaccount.ts';
import kubeletIdentityMintsFromElsewhere from './kubelet-identity-mints-from-elsewhere.ts';
import legacySecretReadByPrincipal from './legacy-secret-read-by-principal.ts';
import legacyTokenUsed from './legacy-token-used.ts';
import nodesProxyByServiceaccount from './nodes-proxy-by-serviceaccount.ts';
import serviceaccountByCertificate from './serviceaccount-by-certificate.ts';
import staleTokenUsedAway from './stale-token-used-away.ts';
import tokenFileTampered from './token-file-tampered.ts';
import tokenMintedByNonKubelet from './token-minted-by-non-kubelet.ts';
import tokenMisusedFromHome from './token-misused-from-home.ts';
import tokenReadByOtherPod from './token-read-by-other-pod.ts';
import tokenReadByUnfamiliarProcess from './token-read-by-unfamiliar-process.ts';
import tokenReadDenied from './token-read-denied.ts';
import tokenReadFromHost from './token-read-from-host.ts';
import tokenReadInExecSession from './token-read-in-exec-session.ts';
import tokenRecon from './token-recon.ts';
import tokenStolenAndUsed from './token-stolen-and-used.ts';
import tokenSweep from './token-sweep.ts';
import tokenUsedAwayFromPod from './token-used-away-from-pod.ts';
import tokenUsedInTwoPlaces from './token-used-in-two-places.ts';

export const rules: readonly Rule[] = [
  clientAddressForged,
  deniedSource,
  execReadsToken,
  impersonationByServiceaccount,
  kubeletIdentityMintsFromElsewhere,
  legacySecretReadByPrincipal,
  legacyTokenUsed,
  nodesProxyByServiceaccount,
  serviceaccountByCertificate,
  staleTokenUsedAway,
  tokenFileTampered,
  tokenMintedByNonKubelet,
  tokenMisusedFromHome,
  tokenReadByOtherPod,
  tokenReadByUnfamiliarProcess,
  tokenReadDenied,
  tokenReadFromHost,
  tokenReadInExecSession,
  tokenRecon,
  tokenStolenAndUsed,
  tokenSweep,
  tokenUsedAwayFromPod,
  tokenUsedInTwoPlaces,
];
