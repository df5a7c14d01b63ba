import type { Unit } from './program-units.ts'

/** That a function reads, writes or deletes objects whose keys begin so. */
export interface ObjectUse {
  readonly action: 's3:DeleteObject' | 's3:GetObject' | 's3:PutObject'
  readonly prefix: string
}

/* The class whose calls are those of whoever asks it for a document. */
const DOCUMENTS = 'ObjectDocuments'

const ACTIONS: Readonly<Record<string, ObjectUse['action']>> = {
  'documents.get': 's3:GetObject',
  'documents.put': 's3:PutObject',
  'files.publish': 's3:PutObject',
  'files.read': 's3:GetObject',
  'files.size': 's3:GetObject',
  'objects.delete': 's3:DeleteObject',
  'objects.get': 's3:GetObject',
  'objects.put': 's3:PutObject',
}

/* Where the keys begin that each part of the code asks the store of objects for. */
const PLACES: Readonly<Record<string, string>> = {
  'CompactionDocuments.all documents.get': 'state/compaction/',
  'CompactionDocuments.read documents.get': 'state/compaction/',
  'CompactionDocuments.save documents.put': 'state/compaction/',
  'LoadDocuments.read documents.get': 'state/loads/',
  'LoadDocuments.results documents.get': 'state/load-files/',
  'LoadDocuments.save documents.put': 'state/loads/',
  'LoadDocuments.saveResult documents.put': 'state/load-files/',
  'ReplayDocuments.below documents.get': 'state/replays/',
  'ReplayDocuments.replace documents.put': 'state/replays/',
  'ScratchLake.copyOne files.read': 'lake/',
  'ReplayRun.write files.read': 'lake/',
  'ReplayRun.write objects.put': 'lake/',
  'audited objects.delete': 'lake/',
  'contentOf objects.get': 'landing/changes/',
  'daysToMerge files.read': 'lake/',
  'deleteManifests objects.delete': 'catalog/base/',
  'deleteRetired objects.delete': 'lake/',
  'abandon objects.delete': 'lake/',
  'dropOlderFiles objects.delete': 'landing/loads/',
  'land files.size': 'landing/loads/',
  'landLoadNotice objects.delete': 'landing/loads/',
  'landOrReject objects.get': 'landing/changes/',
  'landOrReject objects.put': 'landing/rejected/',
  'landObject objects.put': 'lake/',
  'loadFileSource files.read': 'landing/loads/',
  'moveFile files.publish': 'landing/rejected/',
  'moveFile files.read': 'landing/loads/',
  'pathsOf files.read': 'lake/',
  'publish files.publish': 'lake/',
  'publish objects.delete': 'lake/',
  'publishFile files.publish': 'lake/',
  'readManifest objects.get': 'catalog/base/',
  'readProofs documents.get': 'state/proofs.json',
  'removeWritten objects.delete': 'lake/',
  'writeManifest objects.put': 'catalog/base/',
  'writeProofs documents.put': 'state/proofs.json',
}

/** The objects that parts of a program use. Throws for a part of which it is not said where its keys begin. */
export function objectUses(units: Iterable<Unit>): readonly ObjectUse[] {
  return [...units].flatMap((unit) =>
    [...unit.sends].flatMap((send) => {
      const action = ACTIONS[send]
      if (action === undefined) return []
      if (unit.within?.name === DOCUMENTS) return []
      const place = `${labelOf(unit)} ${send}`
      const prefix = PLACES[place]
      if (prefix === undefined) throw new Error(`where do the keys of "${place}" begin? Say it in PLACES`)
      return { action, prefix }
    }),
  )
}

/* A method with its class; what stands in a function, as that function. */
function labelOf(unit: Unit): string {
  if (unit.within === undefined) return unit.name
  return unit.member === 'class' ? `${unit.within.name}.${unit.name}` : labelOf(unit.within)
}
