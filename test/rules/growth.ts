/** Rule 6 (src/ARCHITECTURE.md): no pool, ring or table grows after start. */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isBinaryExpression,
  isCallExpression,
  isClassDeclaration,
  isConstructorDeclaration,
  isElementAccessExpression,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isIdentifier,
  isMethodDeclaration,
  isNewExpression,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isSetAccessorDeclaration,
  isTypeReferenceNode,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { found, inRooms, nodesOf, type SourceFile } from './sources.ts';

const ROOMS = ['osm', 'i2o', 'dma', 'iop', 'ism', 'tcpip', 'hdm', 'wire'];
const GROWING_METHODS = /^(push|unshift|splice)$/;
const GROWING_CLASSES =
  /^(Array|(Weak)?(Map|Set)|(Shared)?ArrayBuffer|DataView|((Big)?(Ui|I)nt|Float)\d+(Clamped)?Array)$/;

/** Where growth is found: the code, and the function it is in, as `file: function`. */
export interface Growth {
  readonly where: string;
  readonly what: string;
}

/**
 * What makes a list, a map or an array longer, or makes a new one, in code that may run after start: all but
 * constructors, initialisers of fields and of modules.
 */
export function growthAfterStart(files: readonly SourceFile[]): Growth[] {
  const judged = inRooms(files, ...ROOMS).filter((file) => !file.generated);
  const maps = new Set(judged.flatMap((file) => nodesOf(file.syntax).flatMap(mapNamed)));
  return judged.flatMap((file) =>
    nodesOf(file.syntax)
      .filter((node) => grows(node, maps))
      .flatMap((node) => {
        const name = functionAround(node);
        return name === undefined ? [] : [{ where: `${file.path}: ${name}`, what: found(file, node) }];
      }),
  );
}

function grows(node: Node, maps: ReadonlySet<string>): boolean {
  if (isNewExpression(node))
    return isIdentifier(node.expression) && GROWING_CLASSES.test(node.expression.text);
  if (isBinaryExpression(node)) return appends(node.left, node.operatorToken);
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return false;
  const method = node.expression.name.text;
  if (GROWING_METHODS.test(method)) return true;
  return (method === 'set' || method === 'add') && maps.has(lastName(node.expression.expression));
}

/** `list[list.length] = value`. */
function appends(left: Node, operator: Node): boolean {
  return (
    operator.kind === SyntaxKind.EqualsToken &&
    isElementAccessExpression(left) &&
    lastName(left.argumentExpression) === 'length'
  );
}

/** The name of a field or variable that is a Map or Set by its type or its first value. */
function mapNamed(node: Node): string[] {
  if (!isPropertyDeclaration(node) && !isVariableDeclaration(node)) return [];
  const { type, initializer, name } = node;
  const typed = type !== undefined && isTypeReferenceNode(type) && /Map$|Set$/.test(lastName(type.typeName));
  const made =
    initializer !== undefined &&
    isNewExpression(initializer) &&
    /^(Weak)?(Map|Set)$/.test(lastName(initializer.expression));
  return (typed || made) && isIdentifier(name) ? [name.text] : [];
}

function lastName(node: Node): string {
  if (isIdentifier(node)) return node.text;
  if (isElementAccessExpression(node)) return lastName(node.expression);
  return isPropertyAccessExpression(node) ? node.name.text : '';
}

/**
 * The named function or method that a node is in, callbacks passed over; undefined in a constructor or an
 * initialiser, which run at start.
 */
function functionAround(node: Node): string | undefined {
  for (let at: Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (isConstructorDeclaration(at)) return undefined;
    if (isArrowFunction(at) || isFunctionExpression(at)) {
      const { parent } = at;
      if (parent !== undefined && isVariableDeclaration(parent) && isIdentifier(parent.name)) {
        return parent.name.text;
      }
      if (parent !== undefined && isPropertyDeclaration(parent)) return memberName(parent);
      if (parent !== undefined && isBinaryExpression(parent)) return lastName(parent.left);
    }
    if (isFunctionDeclaration(at)) return at.name?.text ?? 'default';
    if (isMethodDeclaration(at) || isGetAccessorDeclaration(at) || isSetAccessorDeclaration(at)) {
      return memberName(at);
    }
  }
  return undefined;
}

function memberName(member: Node): string {
  const named = member as Node & { readonly name?: Node };
  const { parent } = member;
  const owner = parent !== undefined && isClassDeclaration(parent) ? `${parent.name?.text ?? ''}.` : '';
  return `${owner}${named.name === undefined ? '' : lastName(named.name)}`;
}
