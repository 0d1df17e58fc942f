/* Included by generated code, which calls nothing of it. */
