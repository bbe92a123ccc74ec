# %% [markdown]
"""
# Gradients

Text.
"""

# %%
print("gradients")
